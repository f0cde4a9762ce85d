//! The core from outside: its rules, its verbs, random sequences of them, and a simulation that breaks things.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod verbs;
