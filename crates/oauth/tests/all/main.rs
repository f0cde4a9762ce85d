//! The face as a client sees it: whole exchanges through its routes, one module per specification.

#[cfg(test)]
mod cast;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod oidc_core;
#[cfg(test)]
mod oidc_discovery;
#[cfg(test)]
mod rfc6749;
#[cfg(test)]
mod rfc6749_authorize;
#[cfg(test)]
mod rfc6749_refresh;
#[cfg(test)]
mod rfc6750;
#[cfg(test)]
mod rfc7009;
#[cfg(test)]
mod rfc7240;
#[cfg(test)]
mod rfc7523;
#[cfg(test)]
mod rfc7636;
#[cfg(test)]
mod rfc7662;
#[cfg(test)]
mod rfc8252;
#[cfg(test)]
mod rfc8414;
#[cfg(test)]
mod rfc8628;
#[cfg(test)]
mod rfc8707;
#[cfg(test)]
mod rfc9068;
#[cfg(test)]
mod rfc9207;
#[cfg(test)]
mod world;
