//! Who is the client? One place for every face.
