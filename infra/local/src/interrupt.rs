//! Ctrl-C and SIGTERM. The first signal requests an orderly end, the second ends the process.

use std::future::Future;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    /// SIGINT, which Ctrl-C sends.
    Interrupt,
    Terminate,
}

impl Signal {
    /// Exit status after the signal: 128 plus its number, as shells report it.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Channel of the first signal.
#[derive(Clone, Debug)]
pub(crate) struct Interrupts(watch::Receiver<Option<Signal>>);

impl Interrupts {
    /// Listens for the rest of the process.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupts.recv() => Signal::Interrupt,
                    _ = terminations.recv() => Signal::Terminate,
                }
            };
            let _ = sender.send(Some(next().await));
            std::process::exit(next().await.exit_code().into());
        });
        Ok(Self(receiver))
    }

    /// Waits for the first signal.
    pub(crate) async fn received(&self) -> Signal {
        let mut receiver = self.0.clone();
        let received = receiver.wait_for(Option::is_some).await.ok();
        match received.and_then(|signal| *signal) {
            Some(signal) => signal,
            // The listener has ended, so no signal can come.
            None => std::future::pending().await,
        }
    }

    /// Returns the output of `task`.
    ///
    /// # Errors
    /// The signal, if it comes first. The task is dropped then.
    pub(crate) async fn unless_received<T>(
        &self,
        task: impl Future<Output = T>,
    ) -> Result<T, Signal> {
        tokio::select! {
            biased;
            signal = self.received() => Err(signal),
            output = task => Ok(output),
        }
    }
}
