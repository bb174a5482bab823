//! Worker of dead letters: stores them and fails the jobs they belong to.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::dead_letters()
}
