//! Parts that the panels are made of. Each draws what it is given, says what the person did, and names itself to screen readers.

pub mod token_view;
