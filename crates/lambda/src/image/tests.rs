//! Images from a registry that lies.
