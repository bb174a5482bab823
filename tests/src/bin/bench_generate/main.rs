//! `cargo bench-generate`.

fn main() {}
