//! The authorizer of the API: admits callers with a key or, where an issuer is configured, with a token.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::authorizer()
}
