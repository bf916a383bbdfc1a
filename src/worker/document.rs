//! JSON shapes that documents of more than one kind share (interfaces.md section 4).

pub(crate) use crate::record::json::{models, named, sampling};
