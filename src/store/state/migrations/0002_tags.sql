DROP INDEX "bonghwa"."documents_tags";--> statement-breakpoint
CREATE INDEX "documents_tags" ON "bonghwa"."documents" USING gin ("tags") WITH (fastupdate=false);