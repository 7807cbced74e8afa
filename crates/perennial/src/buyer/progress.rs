//! What a person sees while providers are called; nothing where nobody watches.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::intent::Intent;
use perennial_engine::buyer::Watcher;

use crate::output::Output;

/// Progress on stderr, for as long as it is there.
pub struct Progress {
    all: MultiProgress,
    syncs: Mutex<BTreeMap<ProviderName, ProgressBar>>,
    prices: ProgressBar,
    /// The last step of a renewal.
    steps: ProgressBar,
}

impl Progress {
    /// Begins to show progress; only on a terminal, and not beside JSON.
    pub fn new(output: Output) -> Self {
        let target = match output {
            Output::Human => ProgressDrawTarget::stderr(),
            Output::Json => ProgressDrawTarget::hidden(),
        };
        let all = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        let steps = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { steps: all.add(steps), all, syncs: Mutex::default(), prices: ProgressBar::hidden() }
    }

    /// Shows that an account's inventory is being read.
    pub fn begin_sync(&self, provider: &ProviderName) {
        let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} services read");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let bar = self.all.add(bar).with_message(provider.to_string());
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner).insert(provider.clone(), bar);
    }

    /// Shows no longer that an account's inventory is being read.
    pub fn end_sync(&self, provider: &ProviderName) {
        let ended = self.syncs.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
        if let Some(bar) = ended {
            bar.finish_and_clear();
        }
    }
}

impl Watcher for Progress {
    fn synced(&self, provider: &ProviderName, holdings: u64) {
        if let Some(bar) = self.syncs.lock().unwrap_or_else(PoisonError::into_inner).get(provider) {
            bar.set_position(holdings);
        }
    }

    fn priced(&self, done: usize, of: usize) {
        if self.prices.length() != Some(of as u64) {
            let style = ProgressStyle::with_template("asking for prices {wide_bar} {human_pos}/{human_len}");
            self.prices.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.prices.set_length(of as u64);
            self.all.add(self.prices.clone());
        }
        self.prices.set_position(done as u64);
        if done == of {
            self.prices.finish_and_clear();
        }
    }

    fn stepped(&self, intent: &Intent, note: &str) {
        tracing::info!(intent.id = %intent.id, "{}: {note}", intent.key);
        self.steps.set_message(format!("{} {}: {note}", intent.key, intent.ask.name));
        self.steps.tick();
    }
}

impl Progress {
    /// Shows nothing until there is something new, so that what is printed now stands alone.
    pub fn clear(&self) {
        self.steps.reset();
        self.steps.set_message("");
        // Not being able to clear a terminal is no failure.
        let _ = self.all.clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // Whoever was shown it has what came of it; not being able to clear a terminal is no failure.
        let _ = self.all.clear();
    }
}
