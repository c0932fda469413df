/** What tests of functions import, as `@holon/sdk/testing`. */
export { readRecording, testStartMs, type TestEvent } from "./recorded.ts";
export type { SharedValues, TestShared } from "./test-shared.ts";
export { testFunction, type TestDecider, type TestModel, type TestOptions, type TestOutput, type TestRun } from "./test-function.ts";
