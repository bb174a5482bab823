//! Runs `template.yaml` on this machine.

mod gateway;
mod lambda;
mod template;

fn main() {}
