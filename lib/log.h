/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_LOG_H
#define OCI_VTPM_LOG_H

/*
 * The one way to log.  Each program chooses a sink and a subject once, at its
 * start; every line carries the subject (the container's id), so that one
 * vTPM's lines can be picked out of a host's log.
 *
 * Never log a secret, a key, or the body of a TPM command or response.
 */

#include "error.h"

enum vtpm_log_level
{
  VTPM_LOG_ERROR,
  VTPM_LOG_WARNING,
  VTPM_LOG_INFO,
  VTPM_LOG_DEBUG,
};

/* The longest line, terminating NUL included; a longer one is cut.  */
#define VTPM_LOG_LINE_MAX 1024

/* Takes one finished line without newline or subject.  Must not log.  */
typedef void (*vtpm_log_sink) (enum vtpm_log_level level, const char *line, void *context);

/* Lines below LEVEL are dropped.  The default is VTPM_LOG_INFO.  */
void vtpm_log_set_level (enum vtpm_log_level level);

/* SUBJECT is copied (and cut at 255 bytes); NULL means none.  */
void vtpm_log_set_subject (const char *subject);

/* The default sink: "PROGRAM: SUBJECT: line" on stderr.  */
void vtpm_log_to_stderr (void);

/* Sends lines to syslog(3), facility daemon.  The socket is opened at once, so
   that it works after the file system is out of reach.  */
void vtpm_log_to_syslog (const char *program);

/* Both of the above; syslog's socket is opened by the first line.  For hooks,
   whose stderr some runtimes discard.  */
void vtpm_log_to_stderr_and_syslog (void);

/* Sends lines to SINK.  The sandboxed emulator logs through its supervisor
   that way.  */
void vtpm_log_to_sink (vtpm_log_sink sink, void *context);

void vtpm_log (enum vtpm_log_level level, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Parses "error", "warning", "info" or "debug".  EINVAL: NAME is none of them.  */
int vtpm_log_level_from_name (const char *name, enum vtpm_log_level *level,
                              struct vtpm_error **error);
const char *vtpm_log_level_name (enum vtpm_log_level level);

#endif
