// SPDX-License-Identifier: Apache-2.0
// A shared object that is no model.
int no_module(void);
int no_module(void) { return 0; }
