//! The sweeper, run on a schedule: requeues lost messages and deletes what no job needs.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::sweeper()
}
