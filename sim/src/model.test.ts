import { modelContract } from "./contracts/model.ts";
import { createModel } from "./model.ts";

modelContract("sim", createModel());
