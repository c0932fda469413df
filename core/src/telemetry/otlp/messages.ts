/**
 * The messages of OTLP 1 (opentelemetry-proto), field by field: number, type, and `[]` where it is repeated. One table serves the reader and the writer of both encodings. 64-bit integers
 * are decimal text and ids hexadecimal text, as OTLP's JSON has them.
 */
export const scalars = ["string", "bool", "int32", "uint32", "sint32", "enum", "int64", "uint64", "fixed32", "fixed64", "sfixed64", "double", "hex", "base64"] as const;
export type Scalar = (typeof scalars)[number];

export interface FieldType {
  readonly number: number;
  readonly name: string;
  readonly type: Scalar | MessageName;
  readonly isList: boolean;
}

const point = { startTimeUnixNano: "2 fixed64", timeUnixNano: "3 fixed64" } as const;

const table = {
  AnyValue: { stringValue: "1 string", boolValue: "2 bool", intValue: "3 int64", doubleValue: "4 double", arrayValue: "5 ArrayValue", kvlistValue: "6 KeyValueList", bytesValue: "7 base64" },
  ArrayValue: { values: "1 AnyValue[]" },
  KeyValueList: { values: "1 KeyValue[]" },
  KeyValue: { key: "1 string", value: "2 AnyValue" },
  InstrumentationScope: { name: "1 string", version: "2 string", attributes: "3 KeyValue[]", droppedAttributesCount: "4 uint32" },
  EntityRef: { schemaUrl: "1 string", type: "2 string", idKeys: "3 string[]", descriptionKeys: "4 string[]" },
  Resource: { attributes: "1 KeyValue[]", droppedAttributesCount: "2 uint32", entityRefs: "3 EntityRef[]" },
  TracesRequest: { resourceSpans: "1 ResourceSpans[]" },
  ResourceSpans: { resource: "1 Resource", scopeSpans: "2 ScopeSpans[]", schemaUrl: "3 string" },
  ScopeSpans: { scope: "1 InstrumentationScope", spans: "2 Span[]", schemaUrl: "3 string" },
  Span: {
    traceId: "1 hex", spanId: "2 hex", traceState: "3 string", parentSpanId: "4 hex", flags: "16 fixed32", name: "5 string", kind: "6 enum", startTimeUnixNano: "7 fixed64", endTimeUnixNano: "8 fixed64",
    attributes: "9 KeyValue[]", droppedAttributesCount: "10 uint32", events: "11 SpanEvent[]", droppedEventsCount: "12 uint32", links: "13 SpanLink[]", droppedLinksCount: "14 uint32", status: "15 Status",
  },
  SpanEvent: { timeUnixNano: "1 fixed64", name: "2 string", attributes: "3 KeyValue[]", droppedAttributesCount: "4 uint32" },
  SpanLink: { traceId: "1 hex", spanId: "2 hex", traceState: "3 string", attributes: "4 KeyValue[]", droppedAttributesCount: "5 uint32", flags: "6 fixed32" },
  Status: { message: "2 string", code: "3 enum" },
  LogsRequest: { resourceLogs: "1 ResourceLogs[]" },
  ResourceLogs: { resource: "1 Resource", scopeLogs: "2 ScopeLogs[]", schemaUrl: "3 string" },
  ScopeLogs: { scope: "1 InstrumentationScope", logRecords: "2 LogRecord[]", schemaUrl: "3 string" },
  LogRecord: {
    timeUnixNano: "1 fixed64", observedTimeUnixNano: "11 fixed64", severityNumber: "2 enum", severityText: "3 string", body: "5 AnyValue", attributes: "6 KeyValue[]", droppedAttributesCount: "7 uint32",
    flags: "8 fixed32", traceId: "9 hex", spanId: "10 hex", eventName: "12 string",
  },
  MetricsRequest: { resourceMetrics: "1 ResourceMetrics[]" },
  ResourceMetrics: { resource: "1 Resource", scopeMetrics: "2 ScopeMetrics[]", schemaUrl: "3 string" },
  ScopeMetrics: { scope: "1 InstrumentationScope", metrics: "2 Metric[]", schemaUrl: "3 string" },
  Metric: {
    name: "1 string", description: "2 string", unit: "3 string", gauge: "5 Gauge", sum: "7 Sum", histogram: "9 Histogram", exponentialHistogram: "10 ExponentialHistogram", summary: "11 Summary", metadata: "12 KeyValue[]",
  },
  Gauge: { dataPoints: "1 NumberDataPoint[]" },
  Sum: { dataPoints: "1 NumberDataPoint[]", aggregationTemporality: "2 enum", isMonotonic: "3 bool" },
  Histogram: { dataPoints: "1 HistogramDataPoint[]", aggregationTemporality: "2 enum" },
  ExponentialHistogram: { dataPoints: "1 ExponentialHistogramDataPoint[]", aggregationTemporality: "2 enum" },
  Summary: { dataPoints: "1 SummaryDataPoint[]" },
  NumberDataPoint: { ...point, asDouble: "4 double", exemplars: "5 Exemplar[]", asInt: "6 sfixed64", attributes: "7 KeyValue[]", flags: "8 uint32" },
  HistogramDataPoint: {
    ...point, count: "4 fixed64", sum: "5 double", bucketCounts: "6 fixed64[]", explicitBounds: "7 double[]", exemplars: "8 Exemplar[]", attributes: "9 KeyValue[]", flags: "10 uint32", min: "11 double", max: "12 double",
  },
  ExponentialHistogramDataPoint: {
    attributes: "1 KeyValue[]", ...point, count: "4 fixed64", sum: "5 double", scale: "6 sint32", zeroCount: "7 fixed64", positive: "8 Buckets", negative: "9 Buckets", flags: "10 uint32", exemplars: "11 Exemplar[]",
    min: "12 double", max: "13 double", zeroThreshold: "14 double",
  },
  Buckets: { offset: "1 sint32", bucketCounts: "2 uint64[]" },
  SummaryDataPoint: { ...point, count: "4 fixed64", sum: "5 double", quantileValues: "6 ValueAtQuantile[]", attributes: "7 KeyValue[]", flags: "8 uint32" },
  ValueAtQuantile: { quantile: "1 double", value: "2 double" },
  Exemplar: { timeUnixNano: "2 fixed64", asDouble: "3 double", spanId: "4 hex", traceId: "5 hex", asInt: "6 sfixed64", filteredAttributes: "7 KeyValue[]" },
  TracesResponse: { partialSuccess: "1 TracesPartial" },
  TracesPartial: { rejectedSpans: "1 int64", errorMessage: "2 string" },
  MetricsResponse: { partialSuccess: "1 MetricsPartial" },
  MetricsPartial: { rejectedDataPoints: "1 int64", errorMessage: "2 string" },
  LogsResponse: { partialSuccess: "1 LogsPartial" },
  LogsPartial: { rejectedLogRecords: "1 int64", errorMessage: "2 string" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type MessageName = keyof typeof table;

export const isMessage = (name: string): name is MessageName => Object.hasOwn(table, name);
const isScalar = (name: string): name is Scalar => (scalars as readonly string[]).includes(name);

function fieldOf(name: string, text: string): FieldType {
  const [, number = "", type = "", list = ""] = /^(\d+) (\w+)(\[\])?$/.exec(text) ?? [];
  if (!isMessage(type) && !isScalar(type)) throw new TypeError(`${name} has no type`);
  return { number: Number(number), name, type, isList: list !== "" };
}

const fields = Object.fromEntries(Object.entries(table).map(([message, rows]) => [message, Object.entries(rows).map(([name, text]) => fieldOf(name, text))]));

export const fieldsOf = (message: MessageName): readonly FieldType[] => fields[message] ?? [];
