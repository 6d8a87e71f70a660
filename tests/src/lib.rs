//! Empty: the tests of the whole house are the test target beside it, one binary.
