/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EMULATOR_PROCESS_H
#define OCI_VTPM_EMULATOR_PROCESS_H

/* The supervisor's view of its emulator: a child process and a channel to
   it.  The emulator is not trusted: it may send anything, or nothing.  */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "log.h"
#include "tpm_version.h"

struct vtpm_emulator_start
{
  int program_fd;      /* vtpm-emulator (O_PATH will do): an upgrade does not change it */
  const char *program; /* its path, for messages and its argv[0] */
  enum vtpm_tpm_version version;
  int server_fd;
  int journal_fd;
  bool persistent;   /* emulator_options.h */
  bool failure_mode;
  unsigned int pcr_banks;
  unsigned int eks;
  uint64_t refuse;
  enum vtpm_log_level log_level;
};

struct vtpm_emulator_process
{
  pid_t pid;      /* 0 once it has been reaped */
  int pidfd;      /* readable when it has exited */
  int channel_fd; /* non-blocking */
};

/* Starts it; it inherits the server side, its end of the channel, the journal,
   and its program, which a script would need, and nothing else.  The descriptors in PROCESS become the caller's.  */
int vtpm_emulator_process_start (const struct vtpm_emulator_start *start,
                                 struct vtpm_emulator_process *process,
                                 struct vtpm_error **error);

/* Sends SIGKILL.  Harmless when it has exited.  */
void vtpm_emulator_process_kill (const struct vtpm_emulator_process *process);

/* Whether a signal has stopped it since this was asked last.  */
bool vtpm_emulator_process_is_stopped (const struct vtpm_emulator_process *process);

/* Waits for the exit of a process that has exited or been killed, and says
   how it ended: "exit status 1", "killed by signal 31 (Bad system call)".
   Returns true if it was killed with SIGKILL, which comes from without.  */
bool vtpm_emulator_process_reap (struct vtpm_emulator_process *process, char *how, size_t size);

#endif
