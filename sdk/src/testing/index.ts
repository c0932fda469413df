/** What tests of functions import, as `@holon/sdk/testing`. */
export { readRecording, testStartMs, type TestEvent } from "./recorded.ts";
export { testFunction, type TestModel, type TestOptions, type TestOutput, type TestRun } from "./test-function.ts";
