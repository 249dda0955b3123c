/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_COMMAND_RELAY_H
#define OCI_VTPM_COMMAND_RELAY_H

/*
 * Where the client side of a device pair is in the supervisor, the server side
 * is a socket: one message, one command; one message, one response. To an
 * emulator it is what the kernel's vTPM proxy gives.
 *
 * The proxy refuses a response that nobody waits for, a socket does not. So that
 * no response of an emulator that died can be taken for the answer to a later
 * command, the relay settles accounts after each death: it takes what the dead
 * one has answered, and takes back what it did not read.
 */

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct vtpm_command_relay;

/* Responses go to ANSWER, each once.  */
int vtpm_command_relay_open (void (*answer) (void *context, const uint8_t *response, size_t size),
                             void *context, struct vtpm_command_relay **relay,
                             struct vtpm_error **error);
void vtpm_command_relay_close (struct vtpm_command_relay *relay); /* may be NULL */

/* Both are the relay's own.  */
int vtpm_command_relay_emulator_fd (const struct vtpm_command_relay *relay);
int vtpm_command_relay_response_fd (const struct vtpm_command_relay *relay); /* to poll */

/* Passes COMMAND on, at the latest when there is an emulator.  The one before
   has been answered; ANSWER may submit the next.  */
void vtpm_command_relay_submit (struct vtpm_command_relay *relay, const uint8_t *command,
                                size_t size);

/* Takes a response that has come on response_fd.  False when there is none.  One at
   a time: an emulator that never stops sending must not keep its supervisor from
   all else.  */
bool vtpm_command_relay_take (struct vtpm_command_relay *relay);

/* Settles accounts: the emulator is dead.  False when it has read a command and
   not answered it; the journal has that.  */
bool vtpm_command_relay_settle (struct vtpm_command_relay *relay);

/* Whether somebody waits for a response.  */
bool vtpm_command_relay_is_waiting (const struct vtpm_command_relay *relay);

/* An emulator has been started after that.  ANSWERS_FIRST says that it answers
   whoever waits without reading a command.  */
void vtpm_command_relay_go_on (struct vtpm_command_relay *relay, bool answers_first);

#endif
