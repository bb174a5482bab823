//! `GET /health`: says that the API answers, and which version it is.

use eventrelay::{api::endpoints, run};

fn main() -> Result<(), run::Error> {
    run::endpoint(&[], endpoints::get_health)
}
