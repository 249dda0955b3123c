/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_PREY_H
#define OCI_VTPM_FAULT_PREY_H

/* A container's vTPM as a killer sees it: the processes behind it, what the
   emulator is at, and whether the client gets answers.  */

#include <stdbool.h>
#include <sys/types.h>

#include "progress.h"

struct prey
{
  int control;
  pid_t supervisor;
  pid_t emulator;
  const progress_counter *answers; /* that the client had */
};

/* With an emulator that serves.  PROGRESS is the client's file.  */
int prey_open (const char *container, const char *progress, struct prey *prey,
               struct vtpm_error **error);
void prey_close (struct prey *prey);

/* Waits until there is another emulator.  */
int prey_await_emulator (struct prey *prey, struct vtpm_error **error);

/* Waits until the client has had COUNT more answers than when it had OLD.  */
int prey_await_answers (const struct prey *prey, uint64_t old, uint64_t count,
                        struct vtpm_error **error);

/* Waits until the emulator works, but not for ever: nobody may be using it.  */
void prey_await_work (const struct prey *prey);
bool prey_works (const struct prey *prey);

/* SIGKILL, then waits until the process is no more.  */
int prey_kill (pid_t pid, struct vtpm_error **error);

void pause_us (uint64_t microseconds);
uint64_t now_ns (void);

#define _cleanup_prey_ VTPM_CLEANUP (prey_close)

#endif
