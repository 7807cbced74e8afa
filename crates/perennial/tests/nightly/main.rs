//! What takes too long for every run: `./test --nightly`.

mod apart;
mod replicated;
