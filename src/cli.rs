//! The commands, one file each; standard output only through `output`.
