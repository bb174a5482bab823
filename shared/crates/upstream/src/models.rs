//! Configured models and their order.

use std::time::Instant;

use crate::gemini::Gemini;
use eventrelay_core::{answer_class::AnswerClass, error::Error};

/// Models of a deployment. Clones share the connection pool.
#[derive(Clone, Debug)]
pub struct Models {
    pub gemini: Gemini,
    /// Model ids, in order of preference.
    pub names: Vec<String>,
    /// Class of the answers.
    pub class: AnswerClass,
}

impl Models {
    /// Returns models whose requests end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            gemini: self.gemini.until(deadline),
            ..self.clone()
        }
    }

    /// Returns the id of the model at a place of the order.
    ///
    /// # Errors
    /// [`Error::Internal`] if there is none, because the configuration has changed since the job
    /// began.
    pub fn name(&self, place: usize) -> Result<&str, Error> {
        let name = self.names.get(place).map(String::as_str);
        name.ok_or_else(|| Error::internal("no such model"))
    }
}
