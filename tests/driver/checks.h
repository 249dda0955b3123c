/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CHECKS_H
#define OCI_VTPM_CHECKS_H

/*
 * Checks of what a kernel module does at its interface.  Each is a function that runs in a
 * process of its own and says what it sees, and a row that says what is to be seen: of the
 * kernel's module, and of ours where that is meant to differ, with the reason.
 */

#include <stddef.h>

struct check
{
  const char *name;
  void (*look) (void);
  const char *kernel;
  const char *ours;   /* NULL: the same */
  const char *reason; /* for the difference */
};

struct check_list
{
  const struct check *checks;
  size_t count;
};

extern const struct check_list control_checks;
extern const struct check_list server_checks;
extern const struct check_list client_checks;
extern const struct check_list lifetime_checks;

#define CHECK_LIST(array)                               \
  {                                                     \
    array, sizeof (array) / sizeof (array[0])           \
  }

/* Adds to what the check has seen, after a comma.  */
void see (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

#endif
