//! Tests of the whole: the source tree, and the server as its users meet it.

#[cfg(test)]
mod tree;
