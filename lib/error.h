/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_ERROR_H
#define OCI_VTPM_ERROR_H

/*
 * The error object that every fallible function of this project fills.
 *
 * A fallible function returns 0 or -1 and takes a `struct vtpm_error **` as
 * its last argument.  On -1 the pointer names a new error that the caller
 * frees; on 0 it is left alone.  The pointer must be NULL before the call.  A
 * NULL `struct vtpm_error **` means the caller does not want to know.
 *
 * The message is one line, without a final full stop or newline, and names the
 * object concerned: the path, the container, the device.
 */

#include "cleanup.h"

struct vtpm_error;

/* Creates an error for a system call that failed.  ERRNUM is an errno value;
   when it is not 0 its text is appended after ": ".  Returns -1, so that
   `return vtpm_error_set (...)` reads well.  */
int vtpm_error_set (struct vtpm_error **error, int errnum, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* The same for what we found out ourselves: ERRNUM is for callers that tell
   errors apart, and the message says all by itself.  */
int vtpm_error_set_plain (struct vtpm_error **error, int errnum, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Puts "CONTEXT: " before the message of an error that is already set.
   Returns -1.  */
int vtpm_error_wrap (struct vtpm_error **error, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Hands *FROM, which is set, over to the caller's ERROR.  Returns -1.  */
int vtpm_error_pass (struct vtpm_error **error, struct vtpm_error **from);

/* The errno value the error was made with, 0 if none.  */
int vtpm_error_errnum (const struct vtpm_error *error);

/* The message; owned by the error.  Never NULL, even when memory ran out while
   the error was made.  */
const char *vtpm_error_message (const struct vtpm_error *error);

/* Frees ERROR, which may be NULL.  */
void vtpm_error_free (struct vtpm_error *error);

static inline void
vtpm_cleanup_error (struct vtpm_error **error)
{
  vtpm_error_free (*error);
}

#define _cleanup_error_ VTPM_CLEANUP (vtpm_cleanup_error)

#endif
