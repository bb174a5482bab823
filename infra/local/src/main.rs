//! Runs `template.yaml` on this machine.

mod lambda;
mod template;

fn main() {}
