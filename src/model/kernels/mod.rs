//! Products written for one kind of processor. The only room, besides the memory map, with `unsafe` code.

pub(crate) mod amx;
