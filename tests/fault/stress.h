/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_STRESS_H
#define OCI_VTPM_FAULT_STRESS_H

/* The client that must not notice anything: a random sequence of steps of all
   activities (activity.h).  */

#include <signal.h>

#include "client.h"

/* Runs as CLIENT's options say, until *STOP at the latest.  Failures of commands
   are printed and counted in CLIENT, and end the run when there are too many; an
   error means that the run could not go on.  */
int stress_run (struct client *client, const volatile sig_atomic_t *stop,
                struct vtpm_error **error);

/* What was done, and how it went.  */
void stress_report (const struct client *client, FILE *stream);

/* One name to a line.  */
void stress_list_activities (FILE *stream);

#endif
