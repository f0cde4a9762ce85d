//! The suite every store must pass: one case per promise of the contract.
