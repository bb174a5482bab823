//! Runs `template.yaml` on this machine.

#[allow(dead_code)]
mod aws;
mod gateway;
mod lambda;
mod template;

fn main() {}
