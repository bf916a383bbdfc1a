//! Parts that the panels are made of. Each draws what it is given, says what the person did, and names itself to screen readers.

pub mod field;
pub mod legend;
pub mod numbers;
pub mod plot;
pub mod swatch;
pub mod table;
pub mod toggle;
pub mod token_card;
pub mod token_view;
pub mod weight_slider;
pub mod words;
