//! `GET /v1/status`: returns breakers, pauses and remaining limits of the services that are called.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::status()
}
