//! Identity as relying party: providers of others, good and malicious.

mod answers;
mod disabled;
mod land;
mod levels;
mod links;
mod operation;
mod organisations;
mod peers;
mod people;
mod provider;
mod tokens;
