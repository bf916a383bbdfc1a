//! What crosses modules. One binary, one module per area.
