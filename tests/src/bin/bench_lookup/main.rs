//! What a lookup costs.
fn main() {}
