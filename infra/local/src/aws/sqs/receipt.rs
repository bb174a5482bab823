//! Receipt handles of received messages.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    protocol::{Code, Failure},
    store::Queue,
};

/// Contents of a receipt handle, which is opaque to clients.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) queue: i64,
    pub(super) message: i64,
    /// Every receive generates another one.
    pub(super) receipt: String,
}

impl Handle {
    /// # Errors
    /// `ReceiptHandleIsInvalid` if the handle is malformed or belongs to another queue.
    pub(super) fn parse(handle: &str, queue: &Queue) -> Result<Self, Failure> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
            let mut parts = text.splitn(3, ':');
            Some(Self {
                queue: parts.next()?.parse().ok()?,
                message: parts.next()?.parse().ok()?,
                receipt: parts.next()?.to_owned(),
            })
        };
        read().filter(|it| it.queue == queue.id).ok_or_else(|| {
            let message =
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            Failure::new(Code::ReceiptHandleIsInvalid, message)
        })
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}:{}:{}", self.queue, self.message, self.receipt);
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aws::sqs::attributes::{Named, Settings};

    fn queue(id: i64) -> Queue {
        let attributes = Named::new();
        let settings = Settings::parse(&attributes).unwrap();
        Queue {
            id,
            name: String::new(),
            attributes,
            settings,
            created_ms: 0,
            modified_ms: 0,
        }
    }

    proptest! {
        #[test]
        fn handle_of_another_queue_is_refused(id: i64, message: i64, receipt in "[0-9a-f]{32}") {
            let text = Handle { queue: id, message, receipt: receipt.clone() }.to_string();
            let read = Handle::parse(&text, &queue(id)).unwrap();
            prop_assert_eq!((read.message, read.receipt), (message, receipt));
            let other = Handle::parse(&text, &queue(id.wrapping_add(1))).unwrap_err();
            prop_assert_eq!(other.code, Code::ReceiptHandleIsInvalid);
        }

        #[test]
        fn malformed_handle_is_refused(text in "\\PC{0,40}") {
            let refused = Handle::parse(&text, &queue(1)).unwrap_err();
            prop_assert_eq!(refused.code, Code::ReceiptHandleIsInvalid);
        }
    }
}
