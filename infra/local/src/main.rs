//! Runs `template.yaml` on this machine.

mod template;

fn main() {}
