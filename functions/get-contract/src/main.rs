//! `GET /openapi.json` and `GET /docs`: returns the contract of the API and its page.

use eventrelay::run;

const DOCUMENT: &str = include_str!("../../../shared/openapi.json");
const PAGE: &str = include_str!("../../../shared/docs.html");

fn main() -> Result<(), run::Error> {
    run::contract(DOCUMENT, PAGE)
}
