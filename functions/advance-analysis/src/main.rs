//! Worker of analyses: runs the steps that arrive as SQS messages.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::analyses()
}
