import { createCodec } from "./codec.ts";
import { codecContract } from "./contracts/codec.ts";

codecContract("sim", createCodec);
