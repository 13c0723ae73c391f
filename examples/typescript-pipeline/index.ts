import { program } from "./program";

// Pulumi runs what the module is, and takes what it gives back for the stack's outputs.
export = program;
