/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_FIXTURE_H
#define OCI_VTPM_SUPERVISOR_FIXTURE_H

/*
 * For the tests of the supervisor.  Each runs one in a child, with a fake emulator
 * (fake_emulator.c) that behaves as its name says, and a second child for the
 * container.  The test itself is the hook, the kernel's side of the device
 * pair, and whoever uses the control socket.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervisor.h"

#define ID "c1"
#define RECORD "{\"containerId\":\"c1\"}"

extern struct vtpm_under_test
{
  const char *dir; /* the test's own, for everything */
  pid_t supervisor;
  pid_t container;
  int hook; /* our ends */
  int server;
  int container_pidfd;
} vtpm;

void set_up_supervisor (void);
void tear_down_supervisor (void);

/* The path of NAME in the test's directory, valid until the next call but three.  */
const char *path_of (const char *name);
bool exists (const char *name);

/* The start.  BEHAVIOUR is a name that fake_emulator.c knows.  */

struct vtpm_supervisor_settings settings_for (const char *behaviour);

/* Starts a supervisor, and closes the keys' descriptor.  */
void start_with (struct vtpm_supervisor_settings *settings);
void start (const char *behaviour);
void start_and_wait (const char *behaviour); /* for the offer */

/* Has the vTPM recorded.  */
void hand_over (void);

/* Bring a vTPM into use, without more of the hook.  */
void serve_with (struct vtpm_supervisor_settings *settings);
void start_serving (const char *behaviour);

/* What it tells the hook.  */
void expect_message (uint32_t type, const char *text);
void expect_no_more_messages (void);

void expect_record (void);

/* What emulators can do once they have been offered, and what it is called.  */
struct betrayal
{
  const char *behaviour;
  const char *reason;
};

#define BETRAYAL_COUNT 7

extern const struct betrayal betrayals[BETRAYAL_COUNT];

/* What a container's command is to a fake emulator.  */
void send_command (void);

/* Over the control socket.  */
int connect_control (void);
pid_t get_emulator_pid (void);
void wait_for_restarts (int expected); /* that many, and no more */
void wait_for_state (const char *expected);
void ask_to_stop (void);

/* What it has logged, as "LEVEL: TEXT" lines.  */
const char *log_text (void);
void expect_log (const char *expected);
void wait_for_log (const char *expected);

/* Nobody holds the server side any more: to the kernel, the device is gone.  */
void expect_no_device (void);

void expect_exit (int expected);

/* The supervisor ends and leaves nothing.  */
void expect_end (int status);
void expect_end_in_order (void);

/* It tells the hook the reason, and then the same.  */
void expect_failed_start (const char *reason);

#endif
