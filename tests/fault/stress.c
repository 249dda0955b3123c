/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "stress.h"

#include <inttypes.h>
#include <string.h>

#include "activity.h"

static const struct activity *const activities[] = {
  &pcr_activity,        &nv_write_activity, &nv_counter_activity, &nv_extend_activity,
  &nv_orderly_activity, &random_activity,   &clock_activity,      &hash_activity,
  &session_activity,    &policy_activity,   &key_activity,        &transient_activity,
};

#define ACTIVITY_COUNT (sizeof (activities) / sizeof (activities[0]))

/* Those that were chosen, and what they keep.  */
struct running
{
  size_t count;
  unsigned int weight; /* of all */
  struct
  {
    const struct activity *activity;
    void *state;
  } items[ACTIVITY_COUNT];
};

/* Whether LIST, separated by commas, has NAME.  */
static bool
is_listed (const char *list, const char *name)
{
  size_t length = strlen (name);

  for (const char *item = list; item != NULL; item = strchr (item, ','))
    {
      item += *item == ',';
      if (strncmp (item, name, length) == 0 && (item[length] == ',' || item[length] == '\0'))
        return true;
    }
  return false;
}

static int
choose (const char *list, struct running *running, struct vtpm_error **error)
{
  size_t wanted = 1;

  for (size_t i = 0; i < ACTIVITY_COUNT; i++)
    if (list == NULL || is_listed (list, activities[i]->name))
      {
        running->items[running->count++].activity = activities[i];
        running->weight += activities[i]->weight;
      }
  if (list == NULL)
    return 0;
  for (const char *comma = strchr (list, ','); comma != NULL; comma = strchr (comma + 1, ','))
    wanted++;
  if (wanted != running->count)
    return vtpm_error_set_plain (error, 0, "not all of \"%s\" are activities", list);
  return 0;
}

static int
begin (struct client *client, struct running *running, struct vtpm_error **error)
{
  for (size_t i = 0; i < running->count; i++)
    {
      const struct activity *activity = running->items[i].activity;

      if (activity->begin (client, activity, &running->items[i].state, error) < 0)
        return vtpm_error_wrap (error, "%s", activity->name);
    }
  return 0;
}

/* That everything has begun, and from then on how it goes.  */
static int
announce (struct client *client, struct vtpm_error **error)
{
  progress_counter *counter;

  if (client->options->progress == NULL)
    return 0;
  if (progress_make (client->options->progress, &counter, error) < 0)
    return -1;
  transport_show_progress (client->transport, counter);
  return 0;
}

static int
verify (struct client *client, struct running *running, struct vtpm_error **error)
{
  for (size_t i = 0; i < running->count; i++)
    {
      const struct activity *activity = running->items[i].activity;

      if (activity->verify != NULL && activity->verify (client, running->items[i].state, error) < 0)
        return vtpm_error_wrap (error, "%s", activity->name);
    }
  return 0;
}

static int
step (struct client *client, struct running *running, struct vtpm_error **error)
{
  unsigned int left = (unsigned int) dice_roll (&client->dice, running->weight);
  size_t i = 0;

  while (left >= running->items[i].activity->weight)
    left -= running->items[i++].activity->weight;
  if (running->items[i].activity->step (client, running->items[i].state, error) < 0)
    return vtpm_error_wrap (error, "%s", running->items[i].activity->name);
  return 0;
}

/* Makes anew what went with the TPM, and looks at what should not have gone.  */
static int
restore (struct client *client, struct running *running, struct vtpm_error **error)
{
  if (client_reconnect (client, error) < 0)
    return -1;
  for (size_t i = 0; i < running->count; i++)
    {
      const struct activity *activity = running->items[i].activity;

      if (activity->restore != NULL
          && activity->restore (client, running->items[i].state, error) < 0)
        return vtpm_error_wrap (error, "%s", activity->name);
    }
  return verify (client, running, error);
}

static bool
too_many (const struct client *client)
{
  return client->errors + client->mismatches > client->options->errors_max;
}

/* After a failure: counts it, and goes on if that is wanted and possible.  */
static void
recover (struct client *client, struct running *running, struct vtpm_error **problem)
{
  do
    {
      client->errors++;
      printf ("error: %s\n", vtpm_error_message (*problem));
      vtpm_error_free (vtpm_steal_pointer (problem));
    }
  while (!too_many (client) && restore (client, running, problem) < 0);
}

static bool
is_over (const struct client *client, uint64_t steps, const volatile sig_atomic_t *stop)
{
  return *stop || too_many (client)
         || (client->options->steps != 0 && steps == client->options->steps);
}

static void
go_on (struct client *client, struct running *running, const volatile sig_atomic_t *stop)
{
  uint64_t every = client->options->verify_every;

  for (uint64_t steps = 0; !is_over (client, steps, stop); steps++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;

      if (step (client, running, &problem) < 0
          || (every != 0 && steps % every == every - 1 && verify (client, running, &problem) < 0))
        recover (client, running, &problem);
    }
}

static int
end_one (struct client *client, const struct activity *activity, void *state,
         struct vtpm_error **error)
{
  if (activity->end != NULL)
    return activity->end (client, state, error);
  free (state);
  return 0;
}

static int
end (struct client *client, struct running *running, struct vtpm_error **error)
{
  int result = 0;

  for (size_t i = 0; i < running->count; i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;

      if (running->items[i].state != NULL
          && end_one (client, running->items[i].activity, running->items[i].state, &problem) < 0
          && result == 0)
        result = vtpm_error_pass (error, &problem);
    }
  return result;
}

int
stress_run (struct client *client, const volatile sig_atomic_t *stop, struct vtpm_error **error)
{
  struct running running = { .count = 0 };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  client->dice.state = client->options->seed;
  if (choose (client->options->activities, &running, error) < 0)
    return -1;
  if (client_connect (client, error) < 0)
    return -1;
  if (begin (client, &running, error) < 0 || announce (client, error) < 0)
    {
      end (client, &running, NULL);
      return -1;
    }
  go_on (client, &running, stop);
  if (!too_many (client) && verify (client, &running, &problem) < 0)
    recover (client, &running, &problem);
  return end (client, &running, error);
}

static void
print_command (const char *name, uint64_t acknowledged, void *data)
{
  fprintf (data, "%12" PRIu64 " %s\n", acknowledged, name);
}

void
stress_report (const struct client *client, FILE *stream)
{
  const struct transport_counts *counts = transport_counts (client->transport);

  transport_each_command (client->transport, print_command, stream);
  fprintf (stream,
           "acknowledged %" PRIu64 "\n"
           "errors %" PRIu64 "\n"
           "mismatches %" PRIu64 "\n"
           "refused %" PRIu64 "\n"
           "retries %" PRIu64 "\n"
           "longest-ms %" PRIu64 "\n",
           counts->acknowledged, client->errors, client->mismatches, counts->refused,
           counts->retries, counts->longest_ns / 1000000);
}

void
stress_list_activities (FILE *stream)
{
  for (size_t i = 0; i < ACTIVITY_COUNT; i++)
    fprintf (stream, "%s\n", activities[i]->name);
}
