//! Worker of tasks on many videos: runs the pages that arrive as SQS messages.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::tasks()
}
