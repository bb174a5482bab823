//! Runs `template.yaml` on this machine.

#[allow(dead_code)]
mod admin;
mod aws;
mod clients;
mod gateway;
mod lambda;
mod queue_poller;
mod resources;
mod template;

fn main() {}
