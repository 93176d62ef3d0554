CREATE TABLE "bonghwa"."documents" (
	"kind" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"version" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"tags" text[] NOT NULL,
	"body" text NOT NULL,
	CONSTRAINT "documents_kind_id_pk" PRIMARY KEY("kind","id")
);
--> statement-breakpoint
CREATE INDEX "documents_at" ON "bonghwa"."documents" USING btree ("kind","at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "documents_tags" ON "bonghwa"."documents" USING gin ("tags");