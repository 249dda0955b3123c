/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * vtpm-supervisor.  One per vTPM, started by oci-vtpm-hook as a system user of
 * its own without any capability; it lives as long as the container.  It owns
 * the server side of the device pair, so that the device outlives an emulator,
 * but it never reads a TPM command: whatever the container writes is parsed in
 * the emulator only.  Once it has told the hook that the vTPM is ready it
 * never gives up before the container has ended.
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "fault_points.h"
#include "log.h"
#include "protocol.h"
#include "supervisor_options.h"

/* No core dump, and no other process of our user may look into this one.  */
static void
close_to_others (void)
{
  const struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The descriptors must not reach the emulator by accident, and a missing one
   must not be mistaken for one that we open later.  */
static int
take_descriptors (struct vtpm_supervisor_settings *settings, struct vtpm_error **error)
{
  const bool has_keys = settings->persistent || settings->pooled != NULL;
  const int last = has_keys ? VTPM_FD_HOST_KEYS : VTPM_FD_SEED;

  for (int fd = VTPM_FD_SERVER; fd <= last; fd++)
    if (fcntl (fd, F_SETFD, FD_CLOEXEC) < 0)
      return vtpm_error_set (error, errno, "descriptor %d, which oci-vtpm-hook passes", fd);
  settings->server_fd = VTPM_FD_SERVER;
  settings->hook_fd = VTPM_FD_CHANNEL;
  settings->container_pidfd = VTPM_FD_CONTAINER;
  settings->seed_fd = VTPM_FD_SEED;
  if (has_keys)
    settings->host_keys_fd = VTPM_FD_HOST_KEYS;
  return 0;
}

static int
run (struct vtpm_supervisor_settings *settings)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  if (take_descriptors (settings, &error) < 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s", vtpm_error_message (error));
      return 1;
    }
  vtpm_log_to_syslog ("vtpm-supervisor");
  vtpm_log_set_subject (settings->container_id);
  vtpm_log_set_level (settings->log_level);
  close_to_others ();
  vtpm_fault_open ();
  if (vtpm_supervisor_run (settings, &error) == 0)
    return 0;
  vtpm_log (VTPM_LOG_ERROR, "%s", vtpm_error_message (error));
  return 1;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_supervisor_settings settings;
  enum vtpm_program_action action;

  if (vtpm_supervisor_options_parse (argc, argv, &action, &settings, &error) < 0)
    {
      vtpm_log (VTPM_LOG_ERROR, "%s; see --help", vtpm_error_message (error));
      return 2;
    }
  switch (action)
    {
    case VTPM_PROGRAM_SHOW_HELP:
      vtpm_supervisor_options_print_help (stdout);
      return 0;
    case VTPM_PROGRAM_SHOW_VERSION:
      puts (PACKAGE_NAME " " PACKAGE_VERSION);
      return 0;
    case VTPM_PROGRAM_RUN:
      break;
    }
  return run (&settings);
}
