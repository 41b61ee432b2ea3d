/*
 * A stand-in for libnccl.so.2 on machines without a GPU: the same interface, over host memory. Ranks are processes or threads of one
 * machine; they meet in a file that the unique id names and that all of them map. Sums run in the order of ranks, and a sum that is not a
 * number has one form, so that they equal those of Temper's ring bit for bit.
 *
 * As in NCCL a call only starts something: one thread per communicator does the work, and ncclCommGetAsyncError says how far it is.
 *
 * NCCL_STANDIN_DIR    where the files lie; /dev/shm if not given.
 * NCCL_STANDIN_FAULT  what to do wrong: "rank=1,op=allreduce,call=20,kind=error,once=FILE"; without it, what stands in the file beside
 *                     the ranks' one, whose name ends with .fault.
 *     op    init, allreduce or abort. call counts all-reduces from 0 and is not looked at for the others.
 *     kind  error: the call fails, and other ranks hear of it. hang: the call never returns. stall: it returns, and nothing comes of it.
 *           exit: the process ends.
 *     once  the fault happens to whoever can remove this file, and so only once; without it each time.
 */
#define _GNU_SOURCE
#include "nccl_abi.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MOST_RANKS 64
#define WINDOW_BYTES (256 * 1024)
#define STANDIN_VERSION 22800

/* One rank's place in the file. */
typedef struct {
  atomic_ulong stage; /* how many stages it has reached */
  atomic_int has_failed;
  size_t count; /* what it believes this call to be */
  int type;
  unsigned char window[2][WINDOW_BYTES];
} Seat;

typedef struct {
  atomic_int present;
  Seat seats[MOST_RANKS];
} Room;

typedef struct Job {
  const void *from;
  void *to;
  size_t count;
  ncclDataType_t type;
  int stalls;
  struct Job *next;
} Job;

struct ncclComm {
  int rank, world;
  Room *room;
  char path[NCCL_UNIQUE_ID_BYTES];
  unsigned long stage;
  long calls;
  int is_blocking;
  int stalls_at_init;
  atomic_int state; /* an ncclResult_t */
  atomic_int is_aborted;
  char last_error[256];
  pthread_t worker;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Job *first, *last;
  int is_ending;
};

static void nap(void) {
  struct timespec pause = {0, 20000};
  nanosleep(&pause, NULL);
}

/* ---- faults ---- */

typedef enum { NO_FAULT, FAULT_ERROR, FAULT_HANG, FAULT_STALL, FAULT_EXIT } Fault;

static int setting(const char *faults, const char *key, char *value, size_t size) {
  const char *at = faults;
  size_t length = strlen(key);
  while (at && *at) {
    if (strncmp(at, key, length) == 0 && at[length] == '=') {
      size_t n = strcspn(at + length + 1, ",");
      snprintf(value, size, "%.*s", (int)n, at + length + 1);
      return 1;
    }
    at = strchr(at, ',');
    at = at ? at + 1 : NULL;
  }
  return 0;
}

static Fault fault_at(const char *path, int rank, const char *op, long call) {
  const char *faults = getenv("NCCL_STANDIN_FAULT");
  char value[512], beside[NCCL_UNIQUE_ID_BYTES + 8], line[512] = "";
  snprintf(beside, sizeof beside, "%.*s.fault", NCCL_UNIQUE_ID_BYTES, path);
  FILE *file = faults ? NULL : fopen(beside, "re");
  if (file) {
    faults = fgets(line, sizeof line, file);
    fclose(file);
  }
  if (!faults || !setting(faults, "rank", value, sizeof value) || atoi(value) != rank) return NO_FAULT;
  if (!setting(faults, "op", value, sizeof value) || strcmp(value, op) != 0) return NO_FAULT;
  if (call >= 0 && (!setting(faults, "call", value, sizeof value) || atol(value) != call)) return NO_FAULT;
  if (setting(faults, "once", value, sizeof value) && unlink(value) != 0) return NO_FAULT;
  if (!setting(faults, "kind", value, sizeof value)) return NO_FAULT;
  return strcmp(value, "error") == 0 ? FAULT_ERROR : strcmp(value, "hang") == 0 ? FAULT_HANG : strcmp(value, "stall") == 0 ? FAULT_STALL
       : strcmp(value, "exit") == 0 ? FAULT_EXIT : NO_FAULT;
}

/* ---- the work ---- */

/* Waits until all ranks have reached this one's stage. */
static ncclResult_t gather_here(struct ncclComm *comm) {
  comm->stage++;
  atomic_store(&comm->room->seats[comm->rank].stage, comm->stage);
  for (int rank = 0; rank < comm->world; rank++) {
    while (atomic_load(&comm->room->seats[rank].stage) < comm->stage) {
      if (atomic_load(&comm->is_aborted)) return ncclInternalError;
      for (int other = 0; other < comm->world; other++) {
        if (atomic_load(&comm->room->seats[other].has_failed)) return ncclRemoteError;
      }
      nap();
    }
  }
  return ncclSuccess;
}

#define SUM(TYPE)                                                                          \
  static void sum_##TYPE(struct ncclComm *comm, int window, TYPE *to, size_t count) {      \
    for (size_t i = 0; i < count; i++) {                                                   \
      TYPE sum = ((TYPE *)comm->room->seats[0].window[window])[i];                         \
      for (int rank = 1; rank < comm->world; rank++) {                                     \
        sum = sum + ((TYPE *)comm->room->seats[rank].window[window])[i];                   \
        sum = isnan(sum) ? -(TYPE)NAN : sum;                                               \
      }                                                                                    \
      to[i] = sum;                                                                         \
    }                                                                                      \
  }
SUM(float)
SUM(double)

static ncclResult_t reduce(struct ncclComm *comm, const Job *job) {
  size_t element = job->type == ncclFloat64 ? sizeof(double) : sizeof(float);
  size_t bytes = job->count * element;
  Seat *own = &comm->room->seats[comm->rank];
  own->count = job->count;
  own->type = job->type;
  for (size_t at = 0; at < bytes; at += WINDOW_BYTES) {
    size_t part = bytes - at < WINDOW_BYTES ? bytes - at : WINDOW_BYTES;
    int window = (int)(comm->stage % 2);
    memcpy(own->window[window], (const char *)job->from + at, part);
    /* The window of the stage before is free for the next: who is here has summed it. */
    ncclResult_t result = gather_here(comm);
    if (result != ncclSuccess) return result;
    for (int rank = 0; at == 0 && rank < comm->world; rank++) {
      if (comm->room->seats[rank].count != job->count || comm->room->seats[rank].type != (int)job->type) return ncclInvalidUsage;
    }
    if (job->type == ncclFloat64) {
      sum_double(comm, window, (double *)((char *)job->to + at), part / element);
    } else {
      sum_float(comm, window, (float *)((char *)job->to + at), part / element);
    }
  }
  return ncclSuccess;
}

static void fail(struct ncclComm *comm, ncclResult_t result, const char *why) {
  /* The first error is the one that counts. */
  if (atomic_load(&comm->state) != ncclSuccess && atomic_load(&comm->state) != ncclInProgress) return;
  snprintf(comm->last_error, sizeof comm->last_error, "%s", why);
  atomic_store(&comm->room->seats[comm->rank].has_failed, 1);
  atomic_store(&comm->state, result);
}

static ncclResult_t come_in(struct ncclComm *comm) {
  if (comm->stalls_at_init) {
    while (!atomic_load(&comm->is_aborted)) nap();
    return ncclInternalError;
  }
  ncclResult_t result = gather_here(comm);
  /* All have it mapped, so nobody needs its name. */
  if (result == ncclSuccess && comm->rank == 0) unlink(comm->path);
  return result;
}

static void *work(void *argument) {
  struct ncclComm *comm = argument;
  ncclResult_t result = come_in(comm);
  while (result == ncclSuccess) {
    pthread_mutex_lock(&comm->lock);
    if (!comm->first) atomic_store(&comm->state, ncclSuccess);
    while (!comm->first && !comm->is_ending) pthread_cond_wait(&comm->changed, &comm->lock);
    Job *job = comm->first;
    pthread_mutex_unlock(&comm->lock);
    if (!job) return NULL;
    while (job->stalls && !atomic_load(&comm->is_aborted)) nap();
    result = job->stalls ? ncclInternalError : reduce(comm, job);
    pthread_mutex_lock(&comm->lock);
    comm->first = job->next;
    if (!comm->first) comm->last = NULL;
    pthread_mutex_unlock(&comm->lock);
    free(job);
  }
  fail(comm, result, result == ncclRemoteError ? "another rank has failed" : result == ncclInvalidUsage ? "ranks called for different sums" : "aborted");
  return NULL;
}

static void start(struct ncclComm *comm, Job *job) {
  pthread_mutex_lock(&comm->lock);
  if (comm->last) comm->last->next = job; else comm->first = job;
  comm->last = job;
  if (atomic_load(&comm->state) == ncclSuccess) atomic_store(&comm->state, ncclInProgress);
  pthread_cond_signal(&comm->changed);
  pthread_mutex_unlock(&comm->lock);
}

static ncclResult_t answer(struct ncclComm *comm) {
  while (comm->is_blocking && atomic_load(&comm->state) == ncclInProgress) nap();
  return (ncclResult_t)atomic_load(&comm->state);
}

/* ---- the interface ---- */

ncclResult_t ncclGetVersion(int *version) {
  *version = STANDIN_VERSION;
  return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId *id) {
  static atomic_int made;
  const char *folder = getenv("NCCL_STANDIN_DIR");
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  memset(id, 0, sizeof *id);
  int length = snprintf(id->internal, sizeof id->internal, "%s/nccl-standin-%d-%d-%lx", folder ? folder : "/dev/shm", getpid(),
                        atomic_fetch_add(&made, 1), (unsigned long)now.tv_nsec);
  return length < (int)sizeof id->internal ? ncclSuccess : ncclInvalidArgument;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *out, int world, ncclUniqueId id, int rank, ncclConfig_t *config) {
  ncclConfig_t read = {.magic = 0};
  if (!config || config->size < sizeof(ncclConfig_v21800_t)) return ncclInvalidArgument;
  memcpy(&read, config, config->size < sizeof read ? config->size : sizeof read);
  if (read.magic != NCCL_API_MAGIC || read.version < 21400 || world < 1 || world > MOST_RANKS || rank < 0 || rank >= world) return ncclInvalidArgument;
  if ((read.blocking != 0 && read.blocking != 1) || read.netName || read.splitShare != NCCL_CONFIG_UNDEF_INT || read.maxCTAs != NCCL_CONFIG_UNDEF_INT) {
    return ncclInvalidArgument;
  }

  Fault fault = fault_at(id.internal, rank, "init", -1);
  if (fault == FAULT_EXIT) _exit(13);
  while (fault == FAULT_HANG) nap();
  if (fault == FAULT_ERROR) return ncclSystemError;

  int file = open(id.internal, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof(Room)) != 0) return ncclSystemError;
  Room *room = mmap(NULL, sizeof(Room), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (room == MAP_FAILED) return ncclSystemError;

  struct ncclComm *comm = calloc(1, sizeof *comm);
  comm->rank = rank;
  comm->world = world;
  comm->room = room;
  comm->is_blocking = read.blocking;
  comm->stalls_at_init = fault == FAULT_STALL;
  memcpy(comm->path, id.internal, sizeof comm->path);
  atomic_store(&comm->state, ncclInProgress);
  pthread_mutex_init(&comm->lock, NULL);
  pthread_cond_init(&comm->changed, NULL);
  pthread_create(&comm->worker, NULL, work, comm);
  *out = comm;
  return answer(comm);
}

static ncclResult_t end(ncclComm_t comm) {
  pthread_mutex_lock(&comm->lock);
  comm->is_ending = 1;
  pthread_cond_signal(&comm->changed);
  pthread_mutex_unlock(&comm->lock);
  pthread_join(comm->worker, NULL);
  unlink(comm->path);
  munmap(comm->room, sizeof(Room));
  for (Job *job = comm->first; job;) {
    Job *next = job->next;
    free(job);
    job = next;
  }
  free(comm);
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) { return end(comm); }

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  while (fault_at(comm->path, comm->rank, "abort", -1) == FAULT_HANG) nap();
  atomic_store(&comm->room->seats[comm->rank].has_failed, 1);
  atomic_store(&comm->is_aborted, 1);
  return end(comm);
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *state) {
  *state = (ncclResult_t)atomic_load(&comm->state);
  return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t result) {
  static const char *words[] = {"no error", "unhandled cuda error", "unhandled system error", "internal error", "invalid argument",
                                "invalid usage", "remote process exited or there was a network error", "NCCL operation in progress"};
  return result >= 0 && result < (int)(sizeof words / sizeof *words) ? words[result] : "unknown result code";
}

const char *ncclGetLastError(ncclComm_t comm) { return comm ? comm->last_error : ""; }

/* What a thread has called since its group began: started together when the group ends. */
static _Thread_local int t_depth;
static _Thread_local Job *t_first, *t_last;
static _Thread_local struct ncclComm *t_comm;

ncclResult_t ncclGroupStart(void) {
  t_depth++;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd(void) {
  if (t_depth == 0) return ncclInvalidUsage;
  if (--t_depth > 0 || !t_first) return ncclSuccess;
  struct ncclComm *comm = t_comm;
  for (Job *job = t_first; job;) {
    Job *next = job->next;
    job->next = NULL;
    start(comm, job);
    job = next;
  }
  t_first = t_last = NULL;
  return answer(comm);
}

ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  if (op != ncclSum || (type != ncclFloat32 && type != ncclFloat64) || stream) return ncclInvalidArgument;
  Fault fault = fault_at(comm->path, comm->rank, "allreduce", comm->calls++);
  if (fault == FAULT_EXIT) _exit(13);
  while (fault == FAULT_HANG) nap();
  if (fault == FAULT_ERROR) {
    fail(comm, ncclSystemError, "a fault that was asked for");
    return ncclSystemError;
  }
  Job *job = calloc(1, sizeof *job);
  *job = (Job){.from = from, .to = to, .count = count, .type = type, .stalls = fault == FAULT_STALL};
  ncclGroupStart();
  if (t_last) t_last->next = job; else t_first = job;
  t_last = job;
  t_comm = comm;
  return ncclGroupEnd();
}
