//! Logging. A message can be read alone; its fields are dotted by what they are of (`job.id`), have
//! one name everywhere, and carry their unit (`duration_ms`). A failure is logged once, where it
//! is handled.

/// Sets up logging as Lambda's advanced logging controls ask for it: `AWS_LAMBDA_LOG_FORMAT`,
/// `AWS_LAMBDA_LOG_LEVEL`.
pub fn init() {
    lambda_runtime::tracing::init_default_subscriber();
}
