//! What is read and what is printed, by tables: one module per section of a specification.
