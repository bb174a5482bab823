//! Worker of projects and deployments: runs the steps that arrive as SQS messages.

use eventrelay::run;

fn main() -> Result<(), run::Error> {
    run::builds(eventrelay_project_check::CHECKER)
}
